// Imported by whatever opens a Menu: none is part of the first paint.
import "@/ui/popover-styles";
import "@mantine/core/styles/Menu.css";
