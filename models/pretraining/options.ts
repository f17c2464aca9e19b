/** Options of the commands of this folder, as node:util's parseArgs takes and gives them. */

export function textOption(fallback: string): { type: 'string'; default: string } {
  return { type: 'string', default: fallback };
}

/** A finite number of an option; throws RangeError otherwise. */
export function numberOption(name: string, text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value))
    throw new RangeError(`--${name}: a number wanted, ${JSON.stringify(text)} found`);
  return value;
}

/** `width=128,layers=4` */
export function shapeOption(text: string): Record<string, number> {
  const pairs = text.split(',').filter((pair) => pair !== '');
  return Object.fromEntries(
    pairs.map((pair) => {
      const [name, value] = pair.split('=');
      return [name!, numberOption(`shape ${name}`, value ?? '')];
    }),
  );
}
