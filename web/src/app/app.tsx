import { localStorageColorSchemeManager, MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Routes } from "@/app/routes";
import { AppError } from "@/lib/errors";
import { Boundary } from "@/ui/boundary";
import { theme, variables } from "@/ui/theme";

const colorScheme = localStorageColorSchemeManager({ key: "cobranca.color-scheme" });

/** A refusal stays a refusal; only what an outage caused is worth asking again. */
const retries = 2;

const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      retry: (failures, error) => failures < retries && error instanceof AppError && error.isTransient,
      // A fetch that waits for the browser's "online" guess never shows its error; ours says so and keeps old rows.
      networkMode: "always",
      staleTime: 10_000,
    },
    mutations: { networkMode: "always" },
  },
});

export function App(): ReactNode {
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={variables}
      colorSchemeManager={colorScheme}
      defaultColorScheme="auto"
    >
      <QueryClientProvider client={queryClient}>
        <Boundary>
          <Routes />
        </Boundary>
      </QueryClientProvider>
    </MantineProvider>
  );
}
