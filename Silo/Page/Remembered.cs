namespace Bam.Silo.Page;

/// <summary>Answers that are good for a second: however many look, the cluster is asked once.</summary>
internal sealed class Remembered<T>(TimeProvider time)
{
    private const int Most = 256;

    private static readonly TimeSpan Age = TimeSpan.FromSeconds(0.9);   // a page that asks each second gets a new one each time

    private readonly Lock _gate = new();
    private readonly Dictionary<string, (long Asked, Task<T> Answer)> _answers = [];

    public Task<T> Get(string question, Func<Task<T>> ask)
    {
        lock (_gate)
        {
            if (_answers.TryGetValue(question, out var known) && (!known.Answer.IsCompleted || time.GetElapsedTime(known.Asked) < Age))
                return known.Answer;
            if (_answers.Count >= Most)
            {
                foreach (var (old, _) in _answers.Where(answer => time.GetElapsedTime(answer.Value.Asked) >= Age))
                    _answers.Remove(old);
            }

            var answer = ask();
            if (_answers.Count < Most)
                _answers[question] = (time.GetTimestamp(), answer);
            return answer;
        }
    }
}
