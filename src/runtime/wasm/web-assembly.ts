/** The part of the WebAssembly API that is used here: the library that TypeScript is given has no browser's types. */
declare global {
  namespace WebAssembly {
    class Memory {
      constructor(options: { readonly initial: number });
      readonly buffer: ArrayBuffer;
    }
    class Module {
      constructor(bytes: Uint8Array<ArrayBuffer>);
    }
    class Instance {
      constructor(module: Module, imports: { readonly env: { readonly memory: Memory } });
      readonly exports: { readonly run: (...parameters: number[]) => void };
    }
  }
}

/** A memory that compiled functions share. */
export type WasmMemory = WebAssembly.Memory;

/** A memory of so many pages of 64 KiB. */
export function createMemory(pages: number): WasmMemory {
  return new WebAssembly.Memory({ initial: pages });
}

/** The function of a module that `FunctionWriter` wrote, over a memory. */
export function instantiate(
  bytes: Uint8Array<ArrayBuffer>,
  memory: WasmMemory,
): (...parameters: number[]) => void {
  return new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } }).exports.run;
}
