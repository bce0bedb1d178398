namespace Engine.PubSub;

/// <summary>What a broker keeps of a topic after some position.</summary>
/// <param name="Epoch">The topic's life. Another one than that of the position that was asked for: what was there before is lost.</param>
/// <param name="Floor">Whoever stands before this offset has lost something; 0 when nothing is known to be lost.</param>
/// <param name="Head">The topic has nothing after <paramref name="Messages"/> up to this offset, unless <paramref name="HasMore"/> says so.</param>
/// <param name="Messages">The messages, oldest first.</param>
/// <param name="HasMore">Whether more follows, to be asked for after the last of these.</param>
public sealed record BackplaneHistory(ulong Epoch, ulong Floor, ulong Head, IReadOnlyList<BackplaneMessage> Messages, bool HasMore);
