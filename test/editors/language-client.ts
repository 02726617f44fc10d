/** A client of the YAML language server: what an editor says to it, over its standard streams. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** A place in a document; line and character count from 0. */
export interface Position {
  readonly line: number;
  readonly character: number;
}

/** Something that the server underlines. */
export interface Underlined {
  readonly message: string;
  readonly severity: number;
  readonly range: { readonly start: Position; readonly end: Position };
}

/** Something that the server offers to write. */
export interface Offered {
  readonly label: string;
  readonly documentation?: string | { readonly value: string };
  readonly insertText?: string;
  readonly textEdit?: { readonly newText: string };
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
}

/** One server with its connection. */
export class LanguageClient {
  readonly #server: ChildProcess;
  readonly #answers = new Map<number, (result: unknown) => void>();
  readonly #underlined = new Map<string, (found: readonly Underlined[]) => void>();
  #received = Buffer.alloc(0);
  #lastId = 0;

  private constructor() {
    const require = createRequire(import.meta.url);
    const manifest = require.resolve('yaml-language-server/package.json');
    const program = join(dirname(manifest), 'bin/yaml-language-server');
    this.#server = spawn(process.execPath, [program, '--stdio'], { stdio: ['pipe', 'pipe', 'ignore'] });
    this.#server.stdout?.on('data', (bytes: Buffer) => this.#read(bytes));
  }

  /** Starts a server and says hello. */
  static async start(folder: string): Promise<LanguageClient> {
    const client = new LanguageClient();
    const markup = ['markdown', 'plaintext'];
    await client.#ask('initialize', {
      processId: process.pid,
      rootUri: pathToFileURL(folder).href,
      capabilities: {
        workspace: { configuration: true },
        textDocument: {
          completion: { completionItem: { snippetSupport: true, documentationFormat: markup } },
          hover: { contentFormat: markup },
          publishDiagnostics: {},
        },
      },
    });
    client.#tell('initialized', {});
    return client;
  }

  /** Ends the server. */
  async stop(): Promise<void> {
    await this.#ask('shutdown', null);
    const exited = once(this.#server, 'exit');
    this.#tell('exit', null);
    await exited;
  }

  /** Opens a document and waits for what the server underlines in it. */
  open(file: string, text: string): Promise<readonly Underlined[]> {
    const uri = pathToFileURL(file).href;
    const answer = new Promise<readonly Underlined[]>((resolve) => this.#underlined.set(uri, resolve));
    this.#tell('textDocument/didOpen', { textDocument: { uri, languageId: 'yaml', version: 1, text } });
    return answer;
  }

  /** Closes a document. */
  close(file: string): void {
    this.#tell('textDocument/didClose', { textDocument: { uri: pathToFileURL(file).href } });
  }

  /** What can be written at a place. */
  async complete(file: string, position: Position): Promise<readonly Offered[]> {
    const textDocument = { uri: pathToFileURL(file).href };
    const answer = await this.#ask('textDocument/completion', { textDocument, position });
    return (answer as { readonly items: readonly Offered[] }).items;
  }

  /** What is shown for the word at a place, in Markdown. */
  async hover(file: string, position: Position): Promise<string> {
    const textDocument = { uri: pathToFileURL(file).href };
    const answer = await this.#ask('textDocument/hover', { textDocument, position });
    return (answer as { readonly contents: { readonly value: string } } | null)?.contents.value ?? '';
  }

  #ask(method: string, params: unknown): Promise<unknown> {
    const id = ++this.#lastId;
    const answer = new Promise<unknown>((resolve) => this.#answers.set(id, resolve));
    this.#send({ id, method, params });
    return answer;
  }

  #tell(method: string, params: unknown): void {
    this.#send({ method, params });
  }

  #send(message: Message): void {
    this.#server.stdin?.write(frame({ jsonrpc: '2.0', ...message }));
  }

  #read(bytes: Buffer): void {
    this.#received = Buffer.concat([this.#received, bytes]);
    for (;;) {
      const end = this.#received.indexOf('\r\n\r\n');
      if (end < 0) return;
      const length = Number(/Content-Length: (\d+)/i.exec(this.#received.toString('utf8', 0, end))?.[1]);
      if (this.#received.length < end + 4 + length) return;
      const text = this.#received.toString('utf8', end + 4, end + 4 + length);
      this.#received = this.#received.subarray(end + 4 + length);
      this.#receive(JSON.parse(text));
    }
  }

  #receive({ id, method, params, result }: Message): void {
    if (method === undefined && id !== undefined) {
      this.#answers.get(id)?.(result);
      this.#answers.delete(id);
    } else if (method === 'textDocument/publishDiagnostics') {
      const { uri, diagnostics } = params as {
        readonly uri: string;
        readonly diagnostics: readonly Underlined[];
      };
      this.#underlined.get(uri)?.(diagnostics);
      this.#underlined.delete(uri);
    } else if (id !== undefined) {
      // The server asks for its settings; everything else that it asks may stay unanswered by null.
      const { items = [] } = (params ?? {}) as { readonly items?: readonly { readonly section?: string }[] };
      const answer = method === 'workspace/configuration' ? items.map(settingsOf) : null;
      this.#server.stdin?.write(frame({ jsonrpc: '2.0', id, result: answer }));
    }
  }
}

function frame(message: object): string {
  const text = JSON.stringify(message);
  return `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
}

/** The extension's defaults, without the catalogue of schemas on the network. */
function settingsOf({ section }: { readonly section?: string }): unknown {
  if (section !== 'yaml') return {};
  return {
    validate: true,
    completion: true,
    hover: true,
    schemaStore: { enable: false, url: '' },
    schemas: {},
  };
}
