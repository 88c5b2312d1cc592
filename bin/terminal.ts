import { styleText } from 'node:util';
import { Presets, SingleBar } from 'cli-progress';

/** How a command talks: for people on a terminal, for machines with --json, plainly elsewhere. Messages go to stderr, results to stdout. */
export interface Terminal {
  readonly json: boolean;
  /** Colours, bars and boxes only on a terminal. */
  readonly rich: boolean;
  note(text: string): void;
  /** A line that stays at the end while notes go by above it; '' takes it away. Only on a terminal. */
  status(text: string): void;
  progress(label: string, total: number): { step(): void; stop(): void };
}

const DEFAULT_COLUMNS = 80;
/** Back to the beginning of the line, and erase it. */
const CLEAR_LINE = '\r\u001B[K';

export function openTerminal({ json }: { readonly json: boolean }): Terminal {
  const rich = process.stderr.isTTY === true && !json;
  let shown = '';
  const width = () => process.stderr.columns ?? DEFAULT_COLUMNS;
  const write = (text: string) => void process.stderr.write(text);
  return {
    json,
    rich,
    note: (text) => write(shown === '' ? `${text}\n` : `${CLEAR_LINE}${text}\n${shown}`),
    status(text) {
      if (!rich) return;
      shown = text.slice(0, width() - 1);
      write(`${CLEAR_LINE}${shown}`);
    },
    progress(label, total) {
      if (!rich) return { step: () => undefined, stop: () => undefined };
      const bar = new SingleBar(
        { format: `${label} {bar} {value}/{total}`, hideCursor: true, stream: process.stderr },
        Presets.shades_classic,
      );
      bar.start(total, 0);
      return { step: () => bar.increment(), stop: () => bar.stop() };
    },
  };
}

type Format = Parameters<typeof styleText>[0];

/** Styles a text on a terminal only. */
export const styled = (terminal: Terminal, format: Format, text: string): string =>
  terminal.rich ? styleText(format, text) : text;
