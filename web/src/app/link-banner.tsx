import { IconPlugConnected, IconPlugConnectedX } from "@tabler/icons-react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import classes from "@/app/banner.module.css";
import { useLinkState } from "@/lib/realtime";

/** Long enough to be read, short enough not to be in the way. */
const backNoticeMs = 4_000;

export function LinkBanner(): ReactNode {
  const link = useLinkState();
  const wasDown = useRef(false);
  const [back, setBack] = useState(false);
  useEffect(() => {
    if (link === "down") wasDown.current = true;
    if (link !== "up" || !wasDown.current) return;
    wasDown.current = false;
    setBack(true);
    const timer = setTimeout(() => setBack(false), backNoticeMs);
    return () => clearTimeout(timer);
  }, [link]);
  return (
    <div role="status" className={classes.floating}>
      {link === "down" && (
        <p className={classes.banner} data-kind="down">
          <IconPlugConnectedX size={16} stroke={1.8} aria-hidden />
          Sem conexão ao vivo. A tela pode estar atrasada; reconectando…
        </p>
      )}
      {link === "up" && back && (
        <p className={classes.banner} data-kind="up">
          <IconPlugConnected size={16} stroke={1.8} aria-hidden />
          Conexão de volta. Tudo atualizado.
        </p>
      )}
    </div>
  );
}
