using Microsoft.EntityFrameworkCore;

namespace SecondOpinion.Identity;

/// <summary>The stores of OpenIddict, and nothing else: its tables are made by the numbered migrations.</summary>
internal sealed class IdentityDb(DbContextOptions<IdentityDb> options) : DbContext(options);
