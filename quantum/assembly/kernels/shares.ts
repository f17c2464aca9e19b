// How threads divide work that lies in a row.

/** First of the share `part` of `parts` of `count` things; it ends where the next share begins. */
// @ts-expect-error: decorators of AssemblyScript
@inline
export function shareOf(count: usize, part: i32, parts: i32): usize {
  return (count * <usize>part) / <usize>parts;
}
