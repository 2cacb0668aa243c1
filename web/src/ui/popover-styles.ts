// Imported by whatever opens a Popover: none is part of the first paint.
import "@mantine/core/styles/Paper.css";
import "@mantine/core/styles/Popover.css";
