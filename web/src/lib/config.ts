/** Where the platform answers. A build for one hosted project carries both values; a build without them takes its own
 * origin and the key that the gateway writes into index.html, so that one build serves any local stack. */
function metaContent(name: string): string {
  const content = document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)?.content ?? "";
  return content.startsWith("%") ? "" : content;
}

export const apiUrl: string = metaContent("supabase-url") || window.location.origin;
/** Another host in production, where functions do not run on the platform itself. */
export const functionsUrl: string = metaContent("supabase-functions-url") || `${apiUrl}/functions/v1`;
export const publishableKey: string = metaContent("supabase-publishable-key");
