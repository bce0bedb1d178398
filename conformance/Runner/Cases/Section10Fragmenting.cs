namespace Conformance;

/// <summary>A message that its sender cuts by itself.</summary>
internal static class Section10Fragmenting
{
    private const int MessageBytes = 65536;
    private const int FragmentBytes = 1300;

    public static void AddTo(CaseList list) =>
        list.Add("10.1.1", $"A text of {MessageBytes} bytes, cut into frames of {FragmentBytes}.", CaseList.Echo, () =>
        {
            byte[] message = CaseList.Repeat("*"u8, MessageBytes);
            return new EchoScript(
                script =>
                {
                    script.WeClose(1000);
                    script.Peer.SendMessage(message, isBinary: false, FragmentBytes);
                    script.Peer.KillAfter(10);
                },
                message,
                isBinary: false);
        });
}
