using System.Buffers.Binary;

namespace Game;

/// <summary>
/// The messages, as bytes; numbers are little-endian. From the server: 1 welcome (id u16, area's size u16, columns, rows, ticks a second, the time of tick 0 i64),
/// 2 an area (number, tick u32, gem and each player as two times 12 bits, behind a player's id u16). From a client: 1 heading (two i8) and the last tick it has (u32).
/// </summary>
internal static class Frames
{
    public const int InputBytes = 7;

    private const byte Welcoming = 1;
    private const byte OfArea = 2;
    private const int HeadBytes = 9;
    private const int PlayerBytes = 5;
    private const int Steps = 4096;

    public static byte[] Welcome(Player player, World world)
    {
        byte[] frame = new byte[16];
        frame[0] = Welcoming;
        BinaryPrimitives.WriteUInt16LittleEndian(frame.AsSpan(1), player.Id);
        BinaryPrimitives.WriteUInt16LittleEndian(frame.AsSpan(3), World.AreaSize);
        frame[5] = World.Columns;
        frame[6] = World.Rows;
        frame[7] = World.TicksPerSecond;
        BinaryPrimitives.WriteInt64LittleEndian(frame.AsSpan(8), world.BeganAtMilliseconds);
        return frame;
    }

    public static byte[] Area(int area, uint tick, (double X, double Y) gem, List<Player> players)
    {
        byte[] frame = new byte[HeadBytes + (players.Count * PlayerBytes)];
        frame[0] = OfArea;
        frame[1] = (byte)area;
        BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(2), tick);
        WritePlace(frame.AsSpan(6), area, gem.X, gem.Y);
        Span<byte> rest = frame.AsSpan(HeadBytes);
        foreach (Player player in players)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(rest, player.Id);
            WritePlace(rest[2..], area, player.X, player.Y);
            rest = rest[PlayerBytes..];
        }

        return frame;
    }

    /// <summary>Reads what a client sends; false for anything else.</summary>
    public static bool TryReadInput(ReadOnlySpan<byte> input, out sbyte dx, out sbyte dy, out uint tick)
    {
        (dx, dy, tick) = (0, 0, 0);
        if (input.Length != InputBytes || input[0] != 1)
        {
            return false;
        }

        (dx, dy, tick) = ((sbyte)input[1], (sbyte)input[2], BinaryPrimitives.ReadUInt32LittleEndian(input[3..]));
        return true;
    }

    /// <summary>The tick of an area's frame; null for another message.</summary>
    public static uint? TickOf(ReadOnlySpan<byte> frame) => frame.Length >= HeadBytes && frame[0] == OfArea ? BinaryPrimitives.ReadUInt32LittleEndian(frame[2..]) : null;

    private static void WritePlace(Span<byte> to, int area, double x, double y)
    {
        int stepsX = Math.Clamp((int)((x - (area % World.Columns * World.AreaSize)) * Steps / World.AreaSize), 0, Steps - 1);
        int stepsY = Math.Clamp((int)((y - (area / World.Columns * World.AreaSize)) * Steps / World.AreaSize), 0, Steps - 1);
        to[0] = (byte)stepsX;
        to[1] = (byte)((stepsX >> 8) | (stepsY << 4));
        to[2] = (byte)(stepsY >> 4);
    }
}
