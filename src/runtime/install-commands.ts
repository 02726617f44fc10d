/** The command that adds a runtime's package, by runtime; `onnx` and `cpu` come with roux. */
export const INSTALL_COMMANDS: Readonly<Record<'wasm' | 'tensorflow', string>> = {
  wasm: 'npm install @tensorflow/tfjs-backend-wasm@4.22.0',
  // The package's install script downloads libtensorflow; a project's .npmrc may have switched scripts off.
  tensorflow: 'npm install @tensorflow/tfjs-node-gpu@4.22.0 --ignore-scripts=false',
};
