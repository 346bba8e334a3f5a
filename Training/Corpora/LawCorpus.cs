using System.Text;

namespace Bam.Training.Corpora;

/// <summary>Statutes and contracts. Every section that is referred to exists, and every defined term is used.</summary>
internal sealed class LawCorpus : ICorpus
{
    private static readonly string[] Subjects =
    [
        "Water Supply", "Motor Vehicles", "Public Records", "Fisheries", "Land Registration", "Building Safety", "Weights and Measures",
        "Harbours", "Livestock", "Consumer Credit", "Waste Disposal", "Notaries", "Public Libraries", "Timber", "Street Trading",
        "Insurance",
    ];

    private static readonly string[] PersonTerms =
    [
        "Authority", "Licensee", "Applicant", "Commissioner", "Operator", "Responsible Officer", "Inspector", "Eligible Person", "Holder",
        "Trustee", "Contractor", "Registrar", "Proprietor",
    ];

    private static readonly string[] ThingTerms =
    [
        "Registered Office", "Permit", "Covered Premises", "Annual Return", "Approved Form", "Register", "Prescribed Fee", "Fund",
        "Inspection Notice", "Instrument", "Schedule", "Reserve Account",
    ];

    private static readonly string[] Duties =
    [
        "keep a true and complete account of", "furnish to the Secretary a certified copy of", "display in a conspicuous place",
        "submit, in writing and under oath,", "preserve for a period of not less than three years",
        "make available for inspection during business hours",
        "notify each affected party of any change in", "pay into the Treasury all sums arising from",
        "cause to be published in the Gazette",
    ];

    private static readonly string[] Matters =
    [
        "every application received", "the fees collected under this chapter", "the terms of each agreement", "any notice of violation",
        "the names and addresses of all agents", "each record of inspection", "all penalties assessed",
        "any order of suspension or revocation",
        "the minutes of every hearing", "each instrument of transfer", "the certificate of compliance", "any material change of ownership",
    ];

    private static readonly string[] Conditions =
    [
        "upon payment of the prescribed fee", "after notice and an opportunity to be heard", "except as otherwise provided by law",
        "within a reasonable time", "in the manner prescribed by regulation", "without prejudice to any other remedy",
        "for good cause shown",
        "notwithstanding any provision to the contrary", "to the extent practicable", "subject to the approval of the court",
    ];

    private static readonly string[] Provisos =
    [
        "has been convicted of an offense involving fraud or dishonesty", "fails to comply with a lawful order",
        "is a party to a pending proceeding",
        "has made a false statement of a material fact", "has not paid a fee or penalty that is due",
        "ceases to carry on the business concerned",
        "has transferred its interest without consent", "acts in violation of a regulation duly adopted",
        "is insolvent or has been wound up",
    ];

    private static readonly string[] Headings =
    [
        "Powers and duties", "Applications", "Records", "Fees", "Suspension and revocation", "Penalties", "Appeals", "Inspection",
        "Exemptions", "Transfer",
    ];

    private static readonly string[] PartyStarts =
    [
        "Northern", "Atlas", "Granite", "Meridian", "Harbor", "Union", "Pioneer", "Summit", "Delta", "Crown",
    ];
    private static readonly string[] PartyEnds =
    [
        "Holdings", "Freight", "Mills", "Instruments", "Trust", "Supply", "Partners", "Foundry", "Estates",
    ];
    private static readonly string[] Kinds = ["Services", "License", "Supply", "Lease", "Consultancy", "Distribution"];

    public void Write(CorpusRandom random, StringBuilder into)
    {
        var act = new Act(random, random.OneIn(3));
        if (act.IsContract) Preamble(act, into);
        else into.Append($"CHAPTER {act.Chapter}. {random.Pick<string>(Subjects).ToUpperInvariant()}\n\n");
        for (var i = 0; i < act.Sections.Length; i++)
        {
            into.Append(act.IsContract ? $"{act.Number(i)}. "
                + $"{act.Sections[i].Heading}.\n" : $"§ {act.Number(i)}. {act.Sections[i].Heading}.\n");
            if (i == 0) Definitions(act, into);
            else if (i == act.Sections.Length - 1) General(act, into);
            else Section(act, i, into);
            into.Append('\n');
        }
        if (act.IsContract) into.Append("IN WITNESS WHEREOF, the parties have executed this Agreement on the date first written above.\n");
    }

    private static void Preamble(Act act, StringBuilder into)
    {
        var parties = act.Random.PickSome<string>(PartyStarts, 2);
        into.Append($"{act.Random.Pick<string>(Kinds).ToUpperInvariant()} AGREEMENT\n\n");
        into.Append($"THIS AGREEMENT is made on the {act.Random.Between(4, 20)}th day of "
            + $"{act.Random.Pick<string>(["March", "June", "October"])}, ");
        into.Append($"{act.Random.Between(1960, 2024)}, by and between {parties[0]} {act.Random.Pick<string>(PartyEnds)}, "
            + $"Inc. (the \"{act.Defined[0]}\") ");
        into.Append($"and {parties[1]} {act.Random.Pick<string>(PartyEnds)}, LLC (the \"{act.Defined[1]}\"). The parties "
            + $"agree as follows:\n\n");
    }

    private static void Definitions(Act act, StringBuilder into)
    {
        into.Append(act.IsContract ? "In this Agreement:\n" : "As used in this chapter, unless the context otherwise requires:\n");
        var first = act.IsContract ? 2 : 0;   // the preamble names the parties
        for (var i = first; i < act.Defined.Length; i++)
        {
            into.Append($"    ({i - first + 1}) \"{act.Defined[i]}\" means ");
            var matters = act.Random.PickSome<string>(Matters, 2);
            into.Append((i < act.Persons, act.Random.OneIn(2)) switch
            {
                (true, true) => $"any person who is required to act under section {act.Reference(0)}",
                (true, false) => $"the person designated as such {act.Random.Pick<string>(Conditions)}",
                (false, true) => $"{matters[0]}, and includes {matters[1]}",
                (false, false) => $"whatever is so designated under section {act.Reference(0)}, other than {matters[0]}",
            });
            into.Append(i < act.Defined.Length - 1 ? ";\n" : ".\n");
        }
    }

    private static void Section(Act act, int section, StringBuilder into)
    {
        for (var i = 0; i < act.Sections[section].Subsections; i++)
        {
            into.Append($"    ({(char)('a' + i)}) ");
            switch (act.Random.Below(5))
            {
                case 0: List(act, into); break;
                case 1: into.Append($"Subject to section {act.Reference(section)}, {Duty(act)}.\n"); break;
                case 2: into.Append($"The {act.Person(section + i)} need not act if it {act.Random.Pick<string>(Provisos)}.\n"); break;
                case 3: Penalty(act, section, into); break;
                default: into.Append($"{Duty(act).Capitalise()}, {act.Random.Pick<string>(Conditions)}.\n"); break;
            }
        }
    }

    private static void General(Act act, StringBuilder into)
    {
        var all = string.Join(", ", act.Defined[..^1].Select(t => $"the {t}")) + $" and the {act.Defined[^1]}";
        into.Append($"    (a) What is said here of {all} applies also to any successor.\n");
        into.Append($"    (b) Section {act.Reference(act.Sections.Length - 1)} remains in force {act.Random.Pick<string>(Conditions)}.\n");
    }

    private static void List(Act act, StringBuilder into)
    {
        into.Append($"The {act.Person(act.Random.Below(9))} may, {act.Random.Pick<string>(Conditions)}, refuse to act if the "
            + $"{act.Person(act.Random.Below(9))}:\n");
        var provisos = act.Random.PickSome<string>(Provisos, act.Random.Between(2, 3));
        for (var i = 0; i < provisos.Length; i++)
        {
            into.Append($"        ({i + 1}) {provisos[i]}");
            if (act.Random.OneIn(3)) into.Append($", whether:\n            (A) {act.Random.Pick<string>(Conditions)}; or\n  "
                + $"          (B) otherwise");
            into.Append(i == provisos.Length - 1 ? ".\n" : i == provisos.Length - 2 ? "; or\n" : ";\n");
        }
    }

    private static void Penalty(Act act, int section, StringBuilder into)
    {
        var amount = 250 * act.Random.Between(1, 40);
        into.Append(act.IsContract
            ? $"If the {act.Person(0)} is in breach of section {act.Reference(section)}, the {act.Person(0)} shall pay "
                + $"${amount:N0} as liquidated damages.\n"
            : $"Whoever violates section {act.Reference(section)} shall be fined not more than ${amount:N0} for each offense.\n");
    }

    private static string Duty(Act act) =>
        $"the {act.Person(act.Random.Below(9))} shall {act.Random.Pick<string>(Duties)} {act.Random.Pick<string>(Matters)} "
        + $"relating to the {act.Thing()}";

    /// <summary>The plan of a document: made before its text, so that references can point both ways.</summary>
    private sealed class Act
    {
        public Act(CorpusRandom random, bool isContract)
        {
            (Random, IsContract, Chapter) = (random, isContract, random.Between(2, 97));
            Persons = random.Between(2, 3);
            Defined = [.. random.PickSome<string>(PersonTerms, Persons), .. random.PickSome<string>(ThingTerms, random.Between(1, 3))];
            var headings = random.PickSome<string>(Headings, random.Between(2, 3));
            Sections = [("Definitions", 0), .. headings.Select(h => (h, random.Between(1, 3))), ("General provisions", 2)];
        }

        public CorpusRandom Random { get; }

        public bool IsContract { get; }

        public int Chapter { get; }

        /// <summary>The defined terms: first those that can act.</summary>
        public string[] Defined { get; }

        public int Persons { get; }

        public (string Heading, int Subsections)[] Sections { get; }

        public string Person(int index) => Defined[index % Persons];

        public string Thing() => Random.Pick<string>(Defined.AsSpan(Persons));

        public string Number(int section) => IsContract ? $"{section + 1}" : $"{Chapter}-{section + 101}";

        /// <summary>A section with text, or one of its subsections; another than <paramref name="from"/>.</summary>
        public string Reference(int from)
        {
            var to = Random.Between(1, Sections.Length - 1);
            if (to == from) to = to == 1 ? Sections.Length - 1 : to - 1;
            var subsection = Random.OneIn(2) ? $"({(char)('a' + Random.Below(Sections[to].Subsections))})" : "";
            return Number(to) + subsection;
        }
    }
}
