using SecondOpinion.Physician.Register;
using SecondOpinion.Physician.Sharing.Mailboxes;
using SecondOpinion.Physician.Sharing.Receipts;
using SecondOpinion.ServiceDefaults.Background;
using SecondOpinion.ServiceDefaults.Options;

namespace SecondOpinion.Physician.Sharing;

/// <summary>Puts together what sends opinions to treating physicians.</summary>
internal static class SharingRegistration
{
    /// <exception cref="InvalidOperationException">Mail is to be sent, and nothing tells the recipients' addresses.</exception>
    public static void AddSharing(this WebApplicationBuilder builder)
    {
        var settings = builder.AddSettings<MsSanteSettings>();
        var register = builder.AddSettings<RegisterSettings>();
        if (settings.MailboxFile is { } file)
        {
            builder.Services.AddSingleton<IMailboxDirectory>(new MailboxFile(file));
        }
        else if (register.Address is not null || !settings.IsOn)
        {
            builder.Services.AddHttpClient<IMailboxDirectory, AnnuaireMailboxes>(http => http.Timeout = TimeSpan.FromSeconds(10));
        }
        else
        {
            throw new InvalidOperationException("MsSante:MailboxFile or Register:Address is needed with MsSante:Host: they tell the recipients' mailboxes.");
        }

        builder.Services.AddSingleton<Recipients>();
        builder.Services.AddSingleton<Letter>();
        builder.Services.AddJob<SendOpinions>();
        builder.Services.AddJob<ReadReceipts>();
    }
}
