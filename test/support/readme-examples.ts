/** The examples of the package's README: each block of TypeScript with the block of text after it, which is what it prints. */
import { readFileSync } from 'node:fs';

export interface Example {
  readonly title: string;
  readonly code: string;
  readonly printed: string;
}

const readme = () => readFileSync(new URL('../../quantum/README.md', import.meta.url), 'utf8');

/** The text below a heading of the second level. */
export function readmeSection(title: string): string {
  const text = readme();
  const start = text.indexOf(`\n## ${title}\n`);
  if (start < 0) throw new Error(`README: there is no section '${title}'`);
  const end = text.indexOf('\n## ', start + 1);
  return text.slice(start, end < 0 ? undefined : end);
}

export function readmeExamples(): Example[] {
  return readme()
    .split(/\n###? /)
    .flatMap((section) => {
      const title = section.slice(0, section.indexOf('\n'));
      const code = /```ts\n([\s\S]*?)```/.exec(section)?.[1];
      if (code === undefined) return [];
      const printed = /```text\n([\s\S]*?)```/.exec(section)?.[1];
      if (printed === undefined) throw new Error(`README: the example '${title}' does not say what it prints`);
      return [{ title, code, printed }];
    });
}
