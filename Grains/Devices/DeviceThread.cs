using System.Globalization;

namespace Bam.Grains.Devices;

/// <summary>What the kernel says of a thread of this process: the only witness of one that does not return.</summary>
internal static class DeviceThread
{
    /// <summary>Such as <c>its thread waits in futex_wait_queue after 12.3 s of CPU</c>; says so when nothing is known.</summary>
    /// <param name="name">Name of the thread.</param>
    public static string Describe(string name)
    {
        try
        {
            foreach (var task in Directory.EnumerateDirectories("/proc/self/task"))
            {
                if (File.ReadAllText(Path.Combine(task, "comm")).Trim() != name)
                    continue;
                // proc(5): the fields after the parenthesis are the state and, 11 and 12 places on, the ticks in user and kernel mode.
                var stat = File.ReadAllText(Path.Combine(task, "stat"));
                var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
                var seconds = (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) / 100.0;
                var doing = fields[0] switch
                {
                    "R" => "computes",
                    "D" => "waits for a disk or a driver",
                    _ => "waits",
                };
                return string.Create(CultureInfo.InvariantCulture, $"its thread {doing}{Place(task)} after {seconds:0.0} s of CPU");
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            // Not on this system.
        }

        return "nothing is known of its thread";
    }

    private static string Place(string task)
    {
        try
        {
            var place = File.ReadAllText(Path.Combine(task, "wchan")).Trim();
            return place is "" or "0" ? "" : $" in {place}";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
