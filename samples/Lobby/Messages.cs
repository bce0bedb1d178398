using Engine.TypeScript;

namespace Lobby;

/// <summary>A player moves.</summary>
/// <param name="Direction">Where to.</param>
/// <param name="Steps">How far.</param>
[Message("move")]
internal sealed record Move(Direction Direction, int Steps = 1);

/// <summary>Where a player moves to.</summary>
internal enum Direction
{
    North,
    East,
    South,
    West,
}

/// <summary>The first message to a player.</summary>
/// <param name="Name">The name that the lobby gave.</param>
[Message("welcome")]
internal sealed record Welcome(string Name);

/// <summary>Who plays.</summary>
/// <param name="Names">In the order in which they came.</param>
[Message("players")]
internal sealed record PlayerList(IReadOnlyList<string> Names);

/// <summary>A move was made.</summary>
/// <param name="Number">The number of all moves of the player.</param>
/// <param name="At">When.</param>
[Message("moved")]
internal sealed record Moved(long Number, DateTimeOffset At);

/// <summary>A message that the lobby did not understand.</summary>
/// <param name="Reason">What was wrong with it.</param>
[Message("refused")]
internal sealed record Refused(string Reason);
