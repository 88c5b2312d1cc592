/** `npm pack` of this folder would pack sources that Node does not run below node_modules, and the reference systems with them. */
console.error(
  'This folder is not what other projects install. Write: npm run package (it packs the library and the tools into .build/)',
);
process.exitCode = 1;
