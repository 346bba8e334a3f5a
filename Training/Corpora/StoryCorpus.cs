using System.Text;

namespace Bam.Training.Corpora;

/// <summary>Short stories: a hero, a friend and a lost thing, who keep their names, their pronouns and their places to the end.</summary>
internal sealed class StoryCorpus : ICorpus
{
    private static readonly Func<Story, string>[] Openings =
    [
        s => $"{s.Hero} lived in {s.Town}, in a {s.Look} house beside the {s.Landmark}. Everyone there knew {s.Him} as the "
            + $"{s.Trade}'s {s.Kin}.",
        s => $"It was a {s.Look} {s.Season} in {s.Town}, and {s.Hero} had nothing to do but watch the {s.Landmark} and wait "
            + $"for the rain to stop.",
        s => $"On the first day of {s.Season}, {s.Hero} the {s.Trade} woke early, for {s.He} had promised to meet "
            + $"{s.Friend} at the {s.Landmark}.",
        s => $"Long before the railway came to {s.Town}, there was a {s.Trade} called {s.Hero}, and {s.He} had one friend "
            + $"in the world, whose name was {s.Friend}.",
        s => $"Nobody in {s.Town} remembered a {s.Season} so {s.Look}. {s.Hero} sat by the window with {s.His} {s.Pet} and "
            + $"thought of the {s.Landmark}.",
    ];

    private static readonly Func<Story, string>[] Losses =
    [
        s => $"That morning the {s.Thing} was gone. It had hung by the door since {s.His} {s.Elder} was young, and now "
            + $"there was only a nail.",
        s => $"{s.His.Capitalise()} {s.Elder} had left {s.Him} a {s.Thing}, and {s.He} kept it under {s.His} pillow. When "
            + $"{s.He} reached for it, {s.His} hand closed on nothing.",
        s => $"\"Have you seen my {s.Thing}?\" asked {s.Hero}. {s.Friend} had not, and neither had the {s.Pet}.",
        s => $"A stranger with a {s.Look} coat had asked about the {s.Thing}, and by evening both the stranger and the "
            + $"{s.Thing} had left {s.Town}.",
    ];

    private static readonly Func<Story, string>[] Journeys =
    [
        s => $"They walked to the {s.Place()}, where the {s.Plants()} grew as high as {s.Friend}'s shoulder. The {s.Pet} "
            + $"ran ahead and came back {s.Condition()}.",
        s => $"At the {s.Place()} they met a woman who was mending a {s.Ware()}. \"The road to the {s.Landmark} is "
            + $"{s.Condition()},\" she told {s.Hero}.",
        s => $"All afternoon {s.Hero} searched the {s.Place()}. {s.He.Capitalise()} looked behind the {s.Ware()}, and under "
            + $"the {s.Ware()}, and found a {s.Ware()} that belonged to no one.",
        s => $"The path behind the {s.Place()} was {s.Condition()} and very dark. {s.Friend} carried the lamp; {s.Hero} "
            + $"carried the {s.Pet}.",
        s => $"In the {s.Place()} it was so quiet that {s.Hero} could hear the {s.Plants()} move. \"{s.Call()}!\" {s.He} "
            + $"called, but only the {s.Pet} answered.",
        s => $"By the time they reached the {s.Place()}, the sun had gone down behind {s.Town}, and {s.Friend} was "
            + $"{s.Mood()} and {s.Mood()}.",
        s => $"Somebody at the {s.Place()} gave them bread and a {s.Ware()}. \"You must be {s.Hero},\" they were told. \"I "
            + $"knew your {s.Elder}.\"",
    ];

    private static readonly Func<Story, string>[] Talks =
    [
        s => $"\"Are you {s.Mood()}?\" asked {s.Friend}.\n\n\"Only a little,\" said {s.Hero}. \"I keep thinking of the {s.Thing}.\"",
        s => $"\"We should go home,\" said {s.Friend}.\n\n\"Not without the {s.Thing},\" {s.Hero} answered, and {s.He} sounded {s.Mood()}.",
        s => $"\"Tell me about your {s.Elder},\" {s.Friend} said.\n\n{s.Hero} was silent for a while. \"My {s.Elder} came "
            + $"from {s.Town},\" {s.He} said, \"and never lost anything.\"",
        s => $"\"Listen!\" whispered {s.Friend}. \"Something is moving by the {s.Landmark}.\"\n\n\"It is only the "
            + $"{s.Pet},\" said {s.Hero}, but {s.He} held {s.His} breath.",
        s => $"{s.Friend} laughed. \"You would cross the {s.Place()} for a {s.Thing}?\"\n\n\"I would cross two,\" said {s.Hero}.",
    ];

    private static readonly Func<Story, string>[] Findings =
    [
        s => $"It was the {s.Pet} that found it. There, in the roots beside the {s.Landmark}, lay the {s.Thing}, "
            + $"{s.Condition()} but whole.",
        s => $"At the {s.Landmark} a child was sitting with the {s.Thing} in both hands. \"I thought nobody wanted it,\" "
            + $"said the child. {s.Hero} knelt down and smiled.",
        s => $"{s.Friend} began to blush, and then took the {s.Thing} from a pocket. \"I meant to have it mended for you,\" "
            + $"{s.Friend} said. \"It was to be a surprise.\"",
        s => $"They never found the {s.Thing}. But at the {s.Landmark}, under a {s.Look} stone, {s.Hero} found a letter "
            + $"from {s.His} {s.Elder}, and {s.He} read it twice.",
    ];

    private static readonly Func<Story, string>[] Endings =
    [
        s => $"When they came back to {s.Town}, the lamps were lit. {s.Hero} put the kettle on, and {s.Friend} fell asleep "
            + $"in the chair with the {s.Pet}.",
        s => $"And ever after, when {s.Season} came to {s.Town}, {s.Hero} and {s.Friend} walked to the {s.Landmark} "
            + $"together and told the story again.",
        s => $"\"Tomorrow,\" said {s.Hero}, \"we shall rest.\" But {s.Friend} knew {s.Him} too well to believe it.",
        s => $"That night {s.Hero} slept well, for the first time since the {s.Season} began, and the {s.Pet} slept at {s.His} feet.",
    ];

    public void Write(CorpusRandom random, StringBuilder into)
    {
        var story = new Story(random);
        into.Append(random.Pick<Func<Story, string>>(Openings)(story)).Append(' ').Append(random.Pick<Func<Story, string>>(Losses)(story));
        var journeys = random.PickSome<Func<Story, string>>(Journeys, random.Between(2, 5));
        var talks = random.PickSome<Func<Story, string>>(Talks, random.Between(1, 3));
        for (var i = 0; i < journeys.Length; i++)
        {
            into.Append(i > 0 && random.OneIn(2) ? " " : "\n\n").Append(journeys[i](story));
            if (i < talks.Length) into.Append("\n\n").Append(talks[i](story));
        }
        into.Append("\n\n").Append(random.Pick<Func<Story, string>>(Findings)(story));
        into.Append("\n\n").Append(random.Pick<Func<Story, string>>(Endings)(story)).Append('\n');
    }
}
