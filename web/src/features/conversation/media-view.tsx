import { Button } from "@mantine/core";
import { IconDownload, IconMapPin, IconUser } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { sentenceFor } from "@/lib/errors";
import { mediaNames } from "@/lib/message-media";
import { downloadMedia, useMedia } from "./queries";
import type { Item, Media } from "./shapes";
import classes from "./talk.module.css";

const refusals: Record<string, string> = {
  too_large: "maior que 16 MB, não foi guardado",
  gone: "o provedor não o tem mais",
  forgotten: "apagado depois de 5 anos, como pede a lei",
};

/** A file as far as it is ours; a place, a person. */
export function MediaView({ item, media }: { item: Item; media: Media }): ReactNode {
  const name = media.name ?? mediaNames[media.type] ?? "Arquivo";
  if (media.type === "location") return <Place media={media} />;
  if (media.type === "contacts")
    return (
      <p className={classes.file}>
        <IconUser size={16} aria-hidden /> Contato: {media.name ?? "sem nome"}
      </p>
    );
  if (!media.status) return <p className={classes.file}>{name}</p>;
  if (media.status === "waiting")
    return (
      <p className={classes.file} aria-busy="true">
        {name}: guardando…
      </p>
    );
  if (media.status !== "kept")
    return (
      <p className={classes.file}>
        {name}: {refusals[media.reason ?? ""] ?? "não foi possível guardar"}
      </p>
    );
  return <Kept item={item} media={media} name={name} />;
}

function Kept({ item, media, name }: { item: Item; media: Media; name: string }): ReactNode {
  const [isLarge, setIsLarge] = useState(false);
  const isSeen = ["image", "sticker", "audio", "video"].includes(media.type);
  const { data: address, error } = useMedia(item.id, isSeen);
  const label = media.caption ?? name;
  if (error || !isSeen) return <Download item={item} name={name} />;
  if (!address) return <div className={classes.picture} aria-busy="true" />;
  if (media.type === "audio")
    // biome-ignore lint/a11y/useMediaCaption: a stranger's voice message has no captions.
    return <audio className={classes.audio} src={address} controls aria-label="Áudio" />;
  if (media.type === "video")
    // biome-ignore lint/a11y/useMediaCaption: a stranger's video has no captions.
    return <video className={classes.picture} src={address} controls aria-label="Vídeo" />;
  return (
    <button
      type="button"
      className={classes.picture}
      data-large={isLarge || undefined}
      aria-label={isLarge ? "Diminuir a foto" : "Ampliar a foto"}
      onClick={() => setIsLarge((large) => !large)}
    >
      <img src={address} alt={label} />
    </button>
  );
}

function Download({ item, name }: { item: Item; name: string }): ReactNode {
  const { mutate, isPending, error } = useMutation({ mutationFn: () => downloadMedia(item.id) });
  return (
    <div className={classes.file}>
      <Button
        size="compact-sm"
        variant="default"
        leftSection={<IconDownload size={14} />}
        loading={isPending}
        onClick={() => mutate()}
      >
        {name}
      </Button>
      {error && <span role="alert">{sentenceFor(error)}</span>}
    </div>
  );
}

function Place({ media }: { media: Media }): ReactNode {
  const at = `${media.latitude},${media.longitude}`;
  return (
    <p className={classes.file}>
      <IconMapPin size={16} aria-hidden />
      <a
        href={`https://www.openstreetmap.org/?mlat=${media.latitude}&mlon=${media.longitude}`}
        target="_blank"
        rel="noreferrer"
      >
        {media.name ?? `Localização ${at}`}
      </a>
      {media.address && <span> · {media.address}</span>}
    </p>
  );
}
