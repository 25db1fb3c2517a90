// What web/bundle.js puts into the bundles.
declare const __SK_BUILD_ID__: string;
declare const __SK_VERSION__: string;

declare module '*.wasm' {
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}
