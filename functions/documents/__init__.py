"""Papers that people take away: the debt's statement as PDF, a Pix code as QR. They print, and
calculate nothing: every number is SQL's."""
