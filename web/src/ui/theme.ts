import { type CSSVariablesResolver, createTheme, type MantineThemeOverride } from "@mantine/core";

export const theme: MantineThemeOverride = createTheme({
  primaryColor: "petrol",
  // White text on these two shades keeps 4.5:1 or more.
  primaryShade: { light: 8, dark: 7 },
  fontFamily: "InterVariable, system-ui, -apple-system, 'Segoe UI', sans-serif",
  defaultRadius: 6,
  cursorType: "pointer",
  respectReducedMotion: true,
  fontSizes: { xs: "0.75rem", sm: "0.8125rem", md: "0.875rem", lg: "1rem", xl: "1.25rem" },
  colors: {
    // The dark scheme's greys, lightest first: the blue-grey of global.css instead of Mantine's neutral one.
    dark: [
      "#e4e9ef",
      "#c3ccd6",
      "#9eabba",
      "#8d9aa9",
      "#37424f",
      "#2a333e",
      "#1b222a",
      "#171d24",
      "#12171d",
      "#0f1419",
    ],
    petrol: [
      "#e6f6f6",
      "#cfebeb",
      "#a2d8d9",
      "#71c4c6",
      "#4bb3b6",
      "#32a7ab",
      "#1d9195",
      "#0c7a7f",
      "#04666b",
      "#00525a",
    ],
  },
  components: {
    Button: { defaultProps: { size: "sm" } },
    TextInput: { defaultProps: { size: "sm" } },
    NativeSelect: { defaultProps: { size: "sm" } },
    ActionIcon: { defaultProps: { variant: "subtle", color: "gray", size: 32 } },
    Modal: { defaultProps: { centered: true, closeButtonProps: { "aria-label": "Fechar" } } },
    Notification: {
      defaultProps: { closeButtonProps: { "aria-label": "Fechar o aviso" } },
      // Mantine's grey of a text below a title is 3.3:1.
      styles: { description: { color: "var(--muted)" } },
    },
    Menu: { defaultProps: { shadow: "md", transitionProps: { duration: 80 } } },
  },
});

/** Mantine's own surfaces take the colours of global.css. */
export const variables: CSSVariablesResolver = () => {
  const shared = {
    "--mantine-color-body": "var(--surface)",
    "--mantine-color-text": "var(--text)",
    "--mantine-color-dimmed": "var(--muted)",
    "--mantine-color-default": "var(--surface)",
    "--mantine-color-default-border": "var(--line-strong)",
    "--mantine-color-placeholder": "var(--faint)",
    "--mantine-color-error": "var(--danger-text)",
  };
  return { variables: {}, light: shared, dark: shared };
};
