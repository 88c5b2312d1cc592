/** The sentence before a block, or the end of a line in it. */
const FOR_AWS = { block: /\*AWS only\*[^.]*:\s*$/, line: /#.*\bAWS only\b/ };
/** What stands in for a rehearsal's own engine is running already. */
const STARTS_THE_ENGINE = /^npx sluice local\b/;

/** Blocks of commands of docs/first-deploy.md that are run on the engine, without what is marked as for AWS only. */
export const rehearsed = (markdown: string): readonly string[] =>
  [...markdown.matchAll(/([\s\S]*?)^```sh\n([\s\S]*?)^```$/gm)]
    .filter(([, before = '']) => !FOR_AWS.block.test(before))
    .map(([, , commands = '']) =>
      commands
        .split('\n')
        .filter((line) => line !== '' && !FOR_AWS.line.test(line) && !STARTS_THE_ENGINE.test(line))
        .join('\n'),
    )
    .filter((commands) => commands !== '');
