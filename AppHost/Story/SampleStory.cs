namespace SecondOpinion.AppHost.Story;
internal static class SampleStory { public static Task<bool> Play(Uri gateway, string data, CancellationToken stopping) => Task.FromResult(true); }
