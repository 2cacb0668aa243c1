// Before the first paint, so that a dark screen never flashes white. A file, not inline: the page needs no script-src exception.
const stored = localStorage.getItem("cobranca.color-scheme");
const dark = stored === "dark" || (stored !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
document.documentElement.setAttribute("data-mantine-color-scheme", dark ? "dark" : "light");
