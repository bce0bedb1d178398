namespace Conformance;

/// <summary>permessage-deflate: five kinds of payload with the plain offer (12), one kind with every parameter (13). RFC 7692.</summary>
internal static class Section12Compression
{
    private static readonly (int Characters, double Seconds, int FragmentBytes)[] Shapes =
    [
        (16, 60, 0), (64, 60, 0), (256, 120, 0), (1024, 240, 0), (4096, 480, 0), (8192, 480, 0), (16384, 480, 0), (32768, 480, 0), (65536, 480, 0), (131072, 480, 0),
        (8192, 480, 256), (16384, 480, 256), (32768, 480, 256), (65536, 480, 256), (131072, 480, 256), (131072, 480, 1024), (131072, 480, 4096), (131072, 480, 32768),
    ];

    private static readonly (DeflateOffer[] Offers, DeflateAcceptance[] Acceptances)[] Agreements =
    [
        ([new()], [new()]),
        ([new(ServerForgetsContext: true)], [new(ClientForgetsContext: true)]),
        ([new(ServerWindowBits: 9)], [new(ClientWindowBits: 9)]),
        ([new(ServerWindowBits: 15)], [new(ClientWindowBits: 15)]),
        ([new(true, 9)], [new(true, 9)]),
        ([new(true, 15)], [new(true, 15)]),
        ([new(true, 9), new(true), new()], [new(true, 9), new(true), new()]),
    ];

    /// <param name="list">Takes the cases.</param>
    /// <param name="scale">Part of the message counts, above 0 and up to 1.</param>
    public static void AddTo(CaseList list, double scale)
    {
        for (int i = 0; i < CompressionCorpus.All.Count; i++)
        {
            Add(list, $"12.{i + 1}", CompressionCorpus.All[i], Agreements[0].Offers, Agreements[0].Acceptances, scale);
        }

        for (int i = 0; i < Agreements.Length; i++)
        {
            Add(list, $"13.{i + 1}", CompressionCorpus.All[0], Agreements[i].Offers, Agreements[i].Acceptances, scale);
        }
    }

    private static void Add(CaseList list, string group, CompressionCorpus corpus, DeflateOffer[] offers, DeflateAcceptance[] acceptances, double scale)
    {
        int count = Math.Max(1, (int)(1000 * scale));
        string agreement = string.Join(", ", offers.Select(offer => offer.ToString()));
        for (int i = 0; i < Shapes.Length; i++)
        {
            (int characters, double seconds, int fragmentBytes) = Shapes[i];
            string cut = fragmentBytes == 0 ? "" : $", cut into frames of {fragmentBytes} bytes";
            list.Add(
                $"{group}.{i + 1}",
                $"{count} compressed messages of {characters} {(corpus.IsBinary ? "bytes" : "characters")}{cut}; {corpus.Name}; offer: {agreement}.",
                $"Each comes back unchanged, all within {seconds} s; clean close with 1000.",
                () =>
                {
                    int at = 0;
                    return new EchoRunScript(() => corpus.Next(ref at, characters), corpus.IsBinary, count, fragmentBytes, seconds, needsDeflate: true)
                    {
                        Offers = offers,
                        Acceptances = acceptances,
                    };
                });
        }
    }
}
