namespace Bam.Training.Corpora;

/// <summary>What stays the same in one story, and the words that may vary from sentence to sentence.</summary>
internal sealed class Story
{
    private static readonly string[] Women = ["Mar", "El", "Ro", "Is", "An", "Li", "Ve", "So", "Cla", "Ag", "Ti", "Jo", "Ed", "Hel", "Win"];
    private static readonly string[] WomenEnds = ["ena", "ise", "adel", "ida", "ora", "illa", "ette", "ina", "ara", "wyn", "anne", "elia"];
    private static readonly string[] Men = ["Al", "Ber", "Cor", "Dan", "Ed", "Fer", "Gar", "Hal", "Os", "Per", "Rol", "Tho", "Wil", "Lau"];
    private static readonly string[] MenEnds = ["ric", "win", "nard", "ton", "bert", "mas", "fred", "dan", "rence", "vin", "mund", "o"];
    private static readonly string[] TownStarts =
    [
        "Ash", "Brook", "Clay", "Dun", "Elm", "Fair", "Green", "Hazel", "Kings", "Marsh", "North", "Stone", "Thorn",
    ];
    private static readonly string[] TownEnds = ["ford", "bury", "wick", "ham", "mere", "dale", "bridge", "combe", "field", "haven", "ton"];
    private static readonly string[] Seasons = ["spring", "summer", "autumn", "winter", "harvest", "Lent", "March", "November"];
    private static readonly string[] Looks =
    [
        "grey", "narrow", "crooked", "bright", "long", "quiet", "cold", "dusty", "pale", "yellow", "heavy", "curious",
    ];
    private static readonly string[] Landmarks =
    [
        "old mill", "stone bridge", "chapel", "lighthouse", "ruined tower", "ferry landing", "great oak", "town well", "clock house",
        "harbour wall",
    ];
    private static readonly string[] Trades =
    [
        "baker", "weaver", "miller", "carpenter", "blacksmith", "tailor", "gardener", "fiddler", "bookbinder", "candlemaker",
        "shepherd", "potter",
    ];
    private static readonly string[] Pets = ["dog", "cat", "goose", "pony", "goat", "magpie", "hedgehog", "donkey", "terrier", "kitten"];
    private static readonly string[] Elders = ["grandmother", "grandfather", "uncle", "aunt", "great-aunt", "godfather"];
    private static readonly string[] ThingLooks =
    [
        "silver", "brass", "wooden", "painted", "broken", "blue", "little", "carved", "velvet", "copper",
    ];
    private static readonly string[] Things =
    [
        "key", "compass", "whistle", "locket", "lantern", "music box", "ring", "spyglass", "thimble", "bell", "watch",
    ];
    private static readonly string[] Places =
    [
        "market square", "beech wood", "water meadow", "orchard", "quarry", "lower field", "harbour", "churchyard", "hill road", "fen",
        "sheepfold", "valley",
    ];
    private static readonly string[] PlantKinds =
    [
        "ferns", "nettles", "reeds", "brambles", "foxgloves", "thistles", "willows", "wild roses", "bluebells",
    ];
    private static readonly string[] Wares =
    [
        "basket", "cart", "saddle", "barrel", "net", "broom", "kettle", "blanket", "ladder", "drum", "wheel", "rope",
    ];
    private static readonly string[] Moods =
    [
        "tired", "cheerful", "afraid", "hungry", "hopeful", "cross", "lonely", "restless", "proud", "sorry", "thoughtful",
    ];
    private static readonly string[] Conditions =
    [
        "wet through", "covered in mud", "white with frost", "dry as paper", "deep in leaves", "half frozen",
    ];
    private static readonly string[] Calls = ["Hello", "Is anyone there", "Come out", "Wait", "Good evening", "Who goes there"];

    private readonly CorpusRandom _random;

    public Story(CorpusRandom random)
    {
        _random = random;
        var woman = random.OneIn(2);
        Hero = Name(woman);
        do Friend = Name(random.OneIn(2));
        while (Friend == Hero);
        (He, Him, His, Kin) = woman ? ("she", "her", "her", "daughter") : ("he", "him", "his", "son");
        Town = random.Pick<string>(TownStarts) + random.Pick<string>(TownEnds);
        Season = random.Pick<string>(Seasons);
        Look = random.Pick<string>(Looks);
        Landmark = random.Pick<string>(Landmarks);
        Trade = random.Pick<string>(Trades);
        Pet = random.Pick<string>(Pets);
        Elder = random.Pick<string>(Elders);
        Thing = random.Pick<string>(ThingLooks) + " " + random.Pick<string>(Things);
    }

    public string Hero { get; }

    public string Friend { get; }

    public string He { get; }

    public string Him { get; }

    public string His { get; }

    public string Kin { get; }

    public string Town { get; }

    public string Season { get; }

    public string Look { get; }

    public string Landmark { get; }

    public string Trade { get; }

    public string Pet { get; }

    public string Elder { get; }

    public string Thing { get; }

    public string Place() => _random.Pick<string>(Places);

    public string Plants() => _random.Pick<string>(PlantKinds);

    public string Ware() => _random.Pick<string>(Wares);

    public string Mood() => _random.Pick<string>(Moods);

    public string Condition() => _random.Pick<string>(Conditions);

    public string Call() => _random.Pick<string>(Calls);

    private string Name(bool woman) => woman
        ? _random.Pick<string>(Women) + _random.Pick<string>(WomenEnds)
        : _random.Pick<string>(Men) + _random.Pick<string>(MenEnds);
}
