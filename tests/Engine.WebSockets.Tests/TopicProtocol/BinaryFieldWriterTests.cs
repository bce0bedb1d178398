namespace Engine.WebSockets.Tests;

[Category("Pure")]
public sealed class BinaryFieldWriterTests
{
    [TestCase(0UL)]
    [TestCase(127UL)]
    [TestCase(128UL)]
    [TestCase(ulong.MaxValue)]
    public void A_number_comes_back(ulong number)
    {
        var fields = new BinaryFieldWriter(stackalloc byte[1]);
        fields.Number(number);
        var reader = new BinaryFieldReader(fields.ToArray());
        Assert.That((reader.Number(), reader.IsAtEnd, reader.IsBroken), Is.EqualTo((number, true, false)));
    }

    [Test]
    public void Texts_that_outgrow_the_first_memory_come_back_in_order()
    {
        var fields = new BinaryFieldWriter(stackalloc byte[4]);
        string longer = new('ü', 300);
        fields.Text("a");
        fields.TextIfThere(null);
        fields.Text(longer);
        fields.Byte(7);
        var reader = new BinaryFieldReader(fields.ToArray());
        Assert.That((reader.Text(), reader.Text(), reader.Byte(), reader.IsAtEnd), Is.EqualTo(("a", longer, (byte)7, true)));
    }
}
