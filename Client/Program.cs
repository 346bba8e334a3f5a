using Bam.Client.Clusters;

if (args is [ClusterKeeper.Verb, var home]) return await ClusterKeeper.Run(home);
return 2;
