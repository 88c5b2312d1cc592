/** A block of commands in a runbook. */
export interface Block {
  /** Heading it stands under; '' before the first. */
  readonly section: string;
  /** Its number on the page, from 1. */
  readonly number: number;
  readonly commands: string;
}

/** A runbook, read. */
export interface Page {
  /** Headings of the second level, in order. */
  readonly headings: readonly string[];
  /** Text under a heading, on one line; '' when there is none. */
  text(heading: string): string;
  /** What is to be pasted into a shell, in order. */
  readonly blocks: readonly Block[];
}

/** What stands before the first heading, and each heading with what stands under it. */
export function readPage(markdown: string): Page {
  const [opening = '', ...rest] = markdown.split(/^## /m);
  const sections = [
    { heading: '', body: opening },
    ...rest.map((text) => {
      const end = text.indexOf('\n');
      return { heading: text.slice(0, end).trim(), body: text.slice(end) };
    }),
  ];
  const blocks = sections.flatMap(({ heading, body }) =>
    [...body.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, commands = '']) => ({ section: heading, commands })),
  );
  return {
    headings: sections.slice(1).map(({ heading }) => heading),
    text: (heading) => oneLine(sections.find((section) => section.heading === heading)?.body ?? ''),
    blocks: blocks.map((block, index) => ({ ...block, number: index + 1 })),
  };
}

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();
