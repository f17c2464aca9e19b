/** The examples of the package's README: each block of TypeScript with the block of text after it, which is what it prints. */
import { readFileSync } from 'node:fs';

export interface Example {
  readonly title: string;
  readonly code: string;
  readonly printed: string;
}

export function readmeExamples(): Example[] {
  const readme = readFileSync(new URL('../../quantum/README.md', import.meta.url), 'utf8');
  return readme.split(/\n###? /).flatMap((section) => {
    const title = section.slice(0, section.indexOf('\n'));
    const code = /```ts\n([\s\S]*?)```/.exec(section)?.[1];
    if (code === undefined) return [];
    const printed = /```text\n([\s\S]*?)```/.exec(section)?.[1];
    if (printed === undefined) throw new Error(`README: the example '${title}' does not say what it prints`);
    return [{ title, code, printed }];
  });
}
