import { Component, type ReactNode } from "react";
import { ErrorState } from "@/ui/states";

interface Props {
  children: ReactNode;
}

/** What cannot be drawn says so in its own place; everything around it goes on. React offers this to classes alone. */
export class Boundary extends Component<Props, { error: unknown }> {
  override state = { error: null };

  static getDerivedStateFromError(error: unknown): { error: unknown } {
    return { error };
  }

  override render(): ReactNode {
    const { error } = this.state;
    // A new release may have taken the code away: only the page itself, fetched anew, knows its new name.
    return error === null ? this.props.children : <ErrorState error={error} onRetry={() => window.location.reload()} />;
  }
}
