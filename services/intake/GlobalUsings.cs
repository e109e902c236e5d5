global using SecondOpinion.ServiceDefaults.Encryption;
global using SecondOpinion.ServiceDefaults.Http;
