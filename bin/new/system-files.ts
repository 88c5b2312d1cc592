import { contract, system } from './contract-template.ts';
import { handle, take } from './function-templates.ts';
import type { Layout } from './layout.ts';
import type { Names } from './names.ts';
import { stack } from './stack-template.ts';
import { page, samples, tools } from './tools-template.ts';
import type { NewFile, Writing } from './writing.ts';

/** The files of a system as it begins: a function that takes requests, a queue, a consumer with an inbox, samples and their reconciliation. */
export function systemFiles(n: Names, layout: Layout): readonly NewFile[] {
  const at = `${layout.systems}/${n.name}`;
  const functions = `${layout.lambdas}/${n.name}`;
  const texts: readonly (readonly [path: string, text: (writing: Writing) => string])[] = [
    [`${at}/contract.ts`, contract],
    [`${at}/stack.ts`, stack],
    [`${at}/system.ts`, system],
    [`${at}/tools/tools.ts`, tools],
    [`${functions}/take-${n.name}.ts`, take],
    [`${functions}/handle-${n.name}.ts`, handle],
    [`${layout.samples}/${n.name}.ndjson`, samples],
    [`${layout.docs}/${n.name}.md`, page],
  ];
  return texts.map(([path, text]) => ({
    path,
    text: text({
      n,
      isHouse: layout.isHouse,
      contractPath: `../../${at}/contract.ts`,
      imports: (library, others) => layout.imports(path, library, others),
    }),
  }));
}
