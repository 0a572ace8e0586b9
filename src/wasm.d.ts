/** WebAssembly that the bundler compiles at deployment. */
declare module '*.wasm' {
  const module: WebAssembly.Module
  export default module
}
