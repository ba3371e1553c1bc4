import { endingCommand } from './ending.ts';

export const command = endingCommand('restart', 'Stop containers and start them again');
