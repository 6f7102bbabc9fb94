// Makes a program, says where it is, and stays until it is told to end: or its parent kills it.
import { sourceProgram } from '../source-program.ts';

process.stdout.write(await sourceProgram(new URL('makes-a-program.ts', import.meta.url)));
const stay = setInterval(() => {}, 60_000);
process.stdin.resume().once('end', () => clearInterval(stay));
