/** The app of the random histories, for commands that load one. */
export { app as default } from '../random-history.ts';
