/** The test's side of `gate` stages: waits until one has begun and tells it what to do, so that no test ever sleeps. */
import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { GateCommand, GateGreeting } from './toy-stages.js';

/** A gate stage that has begun. */
export class Gate {
  readonly greeting: GateGreeting;
  private readonly socket: Socket;
  private readonly answers: unknown[] = [];
  private readonly listeners: ((answer: unknown) => void)[] = [];
  /** Resolved when the stage's process has closed the connection. */
  readonly closed: Promise<void>;

  constructor(greeting: GateGreeting, socket: Socket) {
    this.greeting = greeting;
    this.socket = socket;
    this.closed = new Promise((resolve) => socket.on('close', () => resolve()));
    socket.on('error', () => undefined);
  }

  /** Tells the stage what to do; does not wait. */
  tell(command: GateCommand): void {
    this.socket.write(`${JSON.stringify(command)}\n`);
  }

  /** Tells the stage what to do and waits for what it says to that. */
  async ask(command: GateCommand): Promise<unknown> {
    this.tell(command);
    return this.answers.length > 0
      ? this.answers.shift()
      : new Promise((resolve) => this.listeners.push(resolve));
  }

  /** Ends the stage well. */
  finish(text: string, metrics: Readonly<Record<string, number>> = {}): void {
    this.tell({ do: 'finish', text, metrics });
  }

  /** For the server: the stage said something. */
  hear(answer: unknown): void {
    const listener = this.listeners.shift();
    if (listener === undefined) this.answers.push(answer);
    else listener(answer);
  }
}

/** Listens for gate stages. */
export class Gates {
  readonly socketPath: string;
  /** Names of gates in the order in which they began. */
  readonly order: string[] = [];
  private readonly server: Server;
  private readonly begun = new Map<string, Gate[]>();
  private readonly waiting = new Map<string, ((gate: Gate) => void)[]>();
  private readonly sockets = new Set<Socket>();

  constructor(socketPath: string) {
    this.socketPath = socketPath;
    this.server = createServer((socket) => this.accept(socket));
  }

  /** Starts to listen. */
  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(this.socketPath, resolve));
  }

  /** Waits until a gate of this name has begun; every beginning is given out once. */
  async begin(name: string): Promise<Gate> {
    const gate = this.begun.get(name)?.shift();
    if (gate !== undefined) return gate;
    return new Promise((resolve) => {
      this.waiting.set(name, [...(this.waiting.get(name) ?? []), resolve]);
    });
  }

  /** Whether a gate of this name has begun that nobody asked for yet. */
  hasBegun(name: string): boolean {
    return (this.begun.get(name)?.length ?? 0) > 0;
  }

  /** Stops listening and hangs up. */
  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private accept(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket)).on('error', () => undefined);
    let gate: Gate | undefined;
    // A stage that was killed resets the connection, and the interface passes that on.
    const lines = createInterface({ input: socket }).on('error', () => undefined);
    lines.on('line', (line) => {
      if (gate !== undefined) {
        gate.hear(JSON.parse(line));
        return;
      }
      const greeting: GateGreeting = JSON.parse(line);
      gate = new Gate(greeting, socket);
      this.order.push(greeting.name);
      const listener = this.waiting.get(greeting.name)?.shift();
      if (listener !== undefined) listener(gate);
      else this.begun.set(greeting.name, [...(this.begun.get(greeting.name) ?? []), gate]);
    });
  }
}
