import { endingCommand } from './ending.ts';

export const command = endingCommand('stop', 'Stop running containers');
