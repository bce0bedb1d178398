// Written by engine-typescript from Lobby.dll: change the C#, not this file.

/** Where a player moves to. */
export type Direction =
  | "North"
  | "East"
  | "South"
  | "West";

/** A player moves. */
export interface Move {
  type: "move";
  /** Where to. */
  direction: Direction;
  /** How far. */
  steps?: number;
}

/** A move was made. */
export interface Moved {
  type: "moved";
  /** The number of all moves of the player. */
  number: string;
  /** When. */
  at: string;
}

/** Who plays. */
export interface PlayerList {
  type: "players";
  /** In the order in which they came. */
  names: string[];
}

/** A message that the lobby did not understand. */
export interface Refused {
  type: "refused";
  /** What was wrong with it. */
  reason: string;
}

/** The first message to a player. */
export interface Welcome {
  type: "welcome";
  /** The name that the lobby gave. */
  name: string;
}

/** What Players receives. Those who play over WebSockets. What they do is told to those who watch the event streams. */
export type PlayersToServer = Move;

/** What Players sends. Those who play over WebSockets. What they do is told to those who watch the event streams. */
export type PlayersToClient = Welcome | PlayerList | Moved | Refused;

/** Writes a message as JSON. */
export function encodePlayersToServer(message: PlayersToServer): string {
  return JSON.stringify(message);
}

/** Reads a message from JSON that the server wrote. */
export function decodePlayersToClient(text: string): PlayersToClient {
  const message = JSON.parse(text);
  return message;
}
