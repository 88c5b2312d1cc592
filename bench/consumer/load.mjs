// How long a bundle takes to load, in ms. Plain JavaScript, and nothing imported: what this file loads the bundle need not.
const before = performance.now();
await import(process.argv[2]);
console.log(performance.now() - before);
