using System.Buffers.Binary;

namespace Game;

/// <summary>What a bot sends: where it goes, and the last tick that it has.</summary>
internal static class Input
{
    public static byte[] Create()
    {
        byte[] input = new byte[Frames.InputBytes];
        input[0] = 1;
        Turn(input);
        return input;
    }

    public static bool Fill(byte[] input, uint tick, bool turn)
    {
        if (turn)
        {
            Turn(input);
        }

        BinaryPrimitives.WriteUInt32LittleEndian(input.AsSpan(3), tick);
        return true;
    }

    private static void Turn(byte[] input)
    {
        double angle = Random.Shared.NextDouble() * Math.Tau;
        input[1] = (byte)(sbyte)(Math.Cos(angle) * 127);
        input[2] = (byte)(sbyte)(Math.Sin(angle) * 127);
    }
}
