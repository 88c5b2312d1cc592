/** A page that shows files and commands, as the steps that a reader takes. */
export type Step =
  | { readonly kind: 'file'; readonly path: string; readonly text: string }
  | {
      readonly kind: 'command';
      readonly script: string;
      /** `stays up`: it is started and left running. `a moment later`: it is tried until it says what it should. */
      readonly mark: string | undefined;
      /** What it says, line by line, in this order or another. */
      readonly says: readonly string[];
    };

const BLOCK = /(?:<!-- (?<mark>[^>]+) -->\n)?```(?<language>\w+)\n(?<text>[\s\S]*?)```/g;
const EXAMPLE = 'packaging/example/';

/**
 * Reads the steps of a page: blocks under a comment with a file's path are that file, `sh` is run, `text` is what the command before it says.
 * @throws Error for a block that is none of these: whoever reads the page would not know what to do with it either
 */
export function stepsOf(page: string): readonly Step[] {
  const steps: Step[] = [];
  for (const { groups = {} } of page.matchAll(BLOCK)) {
    const { mark, language, text = '' } = groups;
    const before = steps.at(-1);
    if (mark?.startsWith(EXAMPLE)) steps.push({ kind: 'file', path: mark.slice(EXAMPLE.length), text });
    else if (language === 'sh') steps.push({ kind: 'command', script: text, mark, says: [] });
    else if (language === 'text' && before?.kind === 'command')
      steps.splice(-1, 1, { ...before, says: text.trimEnd().split('\n') });
    else throw new Error(`a block of the page is no step:\n${text}`);
  }
  return steps;
}
