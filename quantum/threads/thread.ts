/**
 * What a thread of a pool does. `serveKernels` travels as its own source text, so that no second file has to be found at run time by Node,
 * a browser or a bundler; therefore it names nothing outside itself but its arguments, and holds no named function, because bundlers that
 * keep names would put calls of their own into the text.
 *
 * A thread is told of work in two ways. A message wakes it when it rests. Just after a task it looks at the ticket for some
 * microseconds before it rests, and says that it looks: passes that follow each other need no message and no event loop.
 */

export const MAX_PARTS = 64;

/** Places in the control block that the pool and its threads share: i32 words, then arguments, then the text of a failure. */
export const SLOT = {
  /** Number of the latest task. */
  ticket: 0,
  /** Parts of it that are not done. */
  pending: 1,
  /** 1 once a part has failed. */
  failed: 2,
  /** Index of the function among the module's exports. */
  entry: 3,
  argumentCount: 4,
  parts: 5,
  /** 1 when each thread is to say that it is done. */
  reply: 6,
  /** Number of the module and memory that the task wants. */
  load: 7,
  textLength: 8,
  /** Word of part 0; each part has one, 1 while it looks for work and needs no message. */
  looking: 16,
  /** Byte offsets. */
  arguments: 320,
  text: 448,
  end: 768,
} as const;

export const MAX_ARGUMENTS = (SLOT.text - SLOT.arguments) / 8;

export type ThreadMessage =
  | { readonly kind: 'load'; readonly load: number; readonly module: WebAssembly.Module; readonly memory: WebAssembly.Memory }
  | { readonly kind: 'go'; readonly ticket: number };

export type ThreadAnswer = 'ready' | 'done';

/** Serves tasks for ever. `listen` hands over every message to come, `answer` sends one back. */
export function serveKernels(
  control: SharedArrayBuffer,
  slot: typeof SLOT,
  part: number,
  listen: (listener: (message: ThreadMessage) => void) => void,
  answer: (message: ThreadAnswer) => void,
): void {
  // Some 50 µs.
  const LOOKS = 20_000;
  const words = new Int32Array(control);
  const numbers = new Float64Array(control, slot.arguments, (slot.text - slot.arguments) / 8);
  const text = new Uint8Array(control, slot.text, slot.end - slot.text);
  let functions: (CallableFunction | undefined)[] = [];
  let loaded = 0;
  let refusal: unknown = null;
  let last = 0;

  listen((message) => {
    if (message.kind === 'load') {
      loaded = message.load;
      refusal = null;
      functions = [];
      try {
        const { exports } = new WebAssembly.Instance(message.module, { env: { memory: message.memory } });
        functions = WebAssembly.Module.exports(message.module).map(({ name }) => exports[name] as CallableFunction);
      } catch (error) {
        refusal = error;
      }
      return;
    }
    // A task found by looking is also told by a message, later.
    if (((message.ticket - last) | 0) <= 0) return;
    last = message.ticket;
    for (;;) {
      const reply = words[slot.reply] === 1;
      try {
        if (refusal !== null) throw refusal;
        functions[words[slot.entry]!]!(part, words[slot.parts], ...numbers.subarray(0, words[slot.argumentCount]));
      } catch (error) {
        if (Atomics.compareExchange(words, slot.failed, 0, 1) === 0) {
          const bytes = new TextEncoder().encode(`part ${part}: ${String(error)}`).subarray(0, text.length);
          text.set(bytes);
          words[slot.textLength] = bytes.length;
        }
      }
      if (Atomics.sub(words, slot.pending, 1) === 1) Atomics.notify(words, slot.pending);
      if (reply) answer('done');
      // Part 0 has no share in tasks of runSync, so what it would find here need not be meant for it.
      if (part === 0) return;
      Atomics.store(words, slot.looking + part, 1);
      let looks = 0;
      while (looks < LOOKS && Atomics.load(words, slot.ticket) === last) looks++;
      Atomics.store(words, slot.looking + part, 0);
      // Looks once more: the pool may have seen the word before it was taken back, and has sent no message then.
      const ticket = Atomics.load(words, slot.ticket);
      // Whoever lacks the code goes back and reads the messages.
      if (ticket === last || words[slot.load] !== loaded) return;
      last = ticket;
    }
  });
  answer('ready');
}
