import type { RealtimeChannel, RealtimeClient } from "@supabase/realtime-js";
import { useEffect, useEffectEvent, useSyncExternalStore } from "react";
import { accessToken, watchAuth } from "@/lib/auth";
import { apiUrl, publishableKey } from "@/lib/config";
import { firstPaint } from "@/lib/first-paint";

/** Ids only; the screen fetches the row, so row-level security decides what is seen. */
export interface ChangePayload {
  id?: string;
  client_id?: string;
  client_ids?: string[];
  conversation_ids?: string[];
  table?: string;
  at?: string;
}

interface Listener {
  onChange: (event: string, payload: ChangePayload) => void;
  /** The channel is (again) open: whatever happened before is only known by fetching. */
  onJoined: () => void;
}

interface Topic {
  channel: RealtimeChannel | undefined;
  listeners: Set<Listener>;
  joined: boolean;
  closing: ReturnType<typeof setTimeout> | undefined;
}

export type LinkState = "connecting" | "up" | "down";

/** React mounts twice in development and pages hand a topic over to one another: closing waits for the next listener. */
const lingerMs = 400;
/** A blip shorter than this is repaired before anybody could act on it. */
const graceMs = 1_200;

/** Between two joins of a channel that the server closed; its own heartbeat is 25 s. */
const rejoinMs = 1_000;

const topics = new Map<string, Topic>();
let client: Promise<RealtimeClient> | undefined;
let link: LinkState = "connecting";
let downTimer: ReturnType<typeof setTimeout> | undefined;
const linkListeners = new Set<() => void>();

function setLink(next: LinkState): void {
  clearTimeout(downTimer);
  downTimer = undefined;
  if (link === next) return;
  link = next;
  for (const notify of linkListeners) notify();
}

function reportTrouble(afterMs = graceMs): void {
  downTimer ??= setTimeout(() => setLink("down"), afterMs);
}

function connect(): Promise<RealtimeClient> {
  client ??= firstPaint
    .then(() => import("@supabase/realtime-js"))
    .then(async ({ RealtimeClient: Client }) => {
      const created = new Client(`${apiUrl.replace(/^http/, "ws")}/realtime/v1`, {
        params: { apikey: publishableKey },
        accessToken,
      });
      window.addEventListener("offline", () => reportTrouble(0));
      window.addEventListener("online", () => void reconnect(created));
      // Deferred: auth holds its lock while it tells its listeners, and setAuth asks it for the new token.
      watchAuth((event) => {
        if (event === "TOKEN_REFRESHED") setTimeout(() => void created.setAuth());
        if (event === "SIGNED_OUT") setTimeout(() => void created.disconnect());
      });
      // A join that leaves before the token is known is refused, and tried again only a second later.
      await created.setAuth();
      return created;
    });
  return client;
}

/** The browser says the network is back: do not sit out the rest of a back-off. */
async function reconnect(realtime: RealtimeClient): Promise<void> {
  await realtime.disconnect();
  realtime.connect();
}

/** The link is up when every topic that somebody listens to is joined. */
function settleLink(): void {
  if (topics.size > 0 && [...topics.values()].every((topic) => topic.joined)) setLink("up");
}

async function open(name: string): Promise<Topic> {
  const realtime = await connect();
  const known = topics.get(name);
  if (known) return known;
  const topic: Topic = { channel: undefined, listeners: new Set(), joined: false, closing: undefined };
  topics.set(name, topic);
  join(realtime, name, topic);
  return topic;
}

function join(realtime: RealtimeClient, name: string, topic: Topic): void {
  const channel = realtime.channel(name, { config: { private: true } });
  topic.channel = channel;
  channel.on("broadcast", { event: "*" }, ({ event, payload }) => {
    for (const listener of topic.listeners) listener.onChange(event, payload as ChangePayload);
  });
  channel.subscribe((status) => {
    if (topic.channel !== channel) return;
    topic.joined = status === "SUBSCRIBED";
    if (topic.joined) {
      settleLink();
      for (const listener of topic.listeners) listener.onJoined();
      return;
    }
    reportTrouble();
    // The server closes a channel whose token ran out, and the library takes that as final: join anew with a new token.
    if (status === "CLOSED" && topics.get(name) === topic)
      setTimeout(() => void rejoin(realtime, name, topic), rejoinMs);
  });
}

async function rejoin(realtime: RealtimeClient, name: string, topic: Topic): Promise<void> {
  await realtime.setAuth();
  if (topics.get(name) === topic && !topic.joined) join(realtime, name, topic);
}

function listen(name: string, listener: Listener): () => void {
  let left = false;
  let topic: Topic | undefined;
  void open(name).then((opened) => {
    if (left) return;
    topic = opened;
    clearTimeout(topic.closing);
    topic.listeners.add(listener);
    if (topic.joined) listener.onJoined();
  });
  return () => {
    left = true;
    if (!topic) return;
    const leaving = topic;
    leaving.listeners.delete(listener);
    leaving.closing = setTimeout(() => {
      if (leaving.listeners.size > 0) return;
      topics.delete(name);
      void leaving.channel?.unsubscribe();
      settleLink();
    }, lingerMs);
  };
}

/** Listens to one private topic while mounted; `onJoined` also fires after every reconnect. */
export function useTopic(name: string, listener: Listener): void {
  const onChange = useEffectEvent(listener.onChange);
  const onJoined = useEffectEvent(listener.onJoined);
  useEffect(() => listen(name, { onChange, onJoined }), [name]);
}

export function useLinkState(): LinkState {
  return useSyncExternalStore(
    (notify) => {
      linkListeners.add(notify);
      return () => linkListeners.delete(notify);
    },
    () => link,
  );
}
