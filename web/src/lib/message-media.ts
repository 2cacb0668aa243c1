/** Kinds of what people send besides words. */
export const mediaNames: Record<string, string> = {
  image: "Foto",
  sticker: "Figurinha",
  audio: "Áudio",
  video: "Vídeo",
  document: "Documento",
  location: "Localização",
  contacts: "Contato",
};

/** A file without words has its kind for a body, as in "[image]": nothing that anybody wrote. */
export function wordsOf(body: string, hasMedia: boolean): string {
  return hasMedia && /^\[\w+\]$/.test(body) ? "" : body;
}
