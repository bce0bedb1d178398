using System.Globalization;

namespace Conformance;

/// <summary>How far a run is: one line that is rewritten on a terminal, nothing but the complaints elsewhere.</summary>
internal sealed class ProgressLine(string title, int caseCount)
{
    private int _doneCount;

    public void Tell(CaseResult result)
    {
        _doneCount++;
        if (!result.IsAccepted)
        {
            Clear();
            Console.WriteLine(SectionTable.Complaint(result));
        }

        if (!Console.IsOutputRedirected)
        {
            Console.Write(string.Create(CultureInfo.InvariantCulture, $"\r{title}: {_doneCount} of {caseCount} ({result.Case.Id})    "));
            if (_doneCount == caseCount)
            {
                Clear();
            }
        }
    }

    private static void Clear()
    {
        if (!Console.IsOutputRedirected)
        {
            Console.Write("\r" + new string(' ', 70) + "\r");
        }
    }
}
