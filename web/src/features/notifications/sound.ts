/** Browsers let a page sound only after its person touched it: the context is made at the first key or click. */
let context: AudioContext | undefined;

function wake(): void {
  context ??= new AudioContext();
  if (context.state === "suspended") void context.resume();
}

/** Call once, early: the first gesture of the page is the permission. */
export function listenForPermission(): () => void {
  const gestures = ["pointerdown", "keydown"] as const;
  for (const gesture of gestures) window.addEventListener(gesture, wake, { passive: true });
  return () => {
    for (const gesture of gestures) window.removeEventListener(gesture, wake);
  };
}

/** Two rising notes, a fifth apart (A5, E6), a third of a second: heard over a headset, gone before the next word. */
const notes = [
  { hertz: 880, at: 0 },
  { hertz: 1318.5, at: 0.14 },
];
const noteSeconds = 0.2;
/** Quieter than a voice on the same headset. */
const loudness = 0.12;

function play(on: AudioContext): void {
  for (const { hertz, at } of notes) {
    const begins = on.currentTime + at;
    const note = on.createOscillator();
    const volume = on.createGain();
    note.frequency.value = hertz;
    volume.gain.setValueAtTime(loudness, begins);
    volume.gain.exponentialRampToValueAtTime(0.0001, begins + noteSeconds);
    note.connect(volume).connect(on.destination);
    note.start(begins);
    note.stop(begins + noteSeconds);
  }
}

/** Long enough that the slowest of several windows finds the lock taken. */
const holdMs = 5_000;

/** One sound per reminder and browser, however many windows are open; none where nobody has touched the page yet. */
export async function ring(reminderId: string): Promise<void> {
  await navigator.locks.request(`cobranca.reminder.${reminderId}`, { ifAvailable: true }, async (lock) => {
    if (!lock || context?.state !== "running") return;
    play(context);
    await new Promise((done) => setTimeout(done, holdMs));
  });
}
